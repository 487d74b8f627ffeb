import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

export default defineConfig({
  plugins: [react()],
  build: {
    outDir: "../src/assay/apps/gateway/page",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    manifest: "manifest.json",
    target: "es2022",
  },
  test: { environment: "node", include: ["test/**/*.test.ts"] },
});
