import hooks from "eslint-plugin-react-hooks";
import typescript from "typescript-eslint";

export default typescript.config(
  { ignores: ["node_modules", "src/api/types.ts", "*.mjs", "play", "eslint.config.js"] },
  ...typescript.configs.recommendedTypeChecked,
  hooks.configs.flat["recommended-latest"],
  {
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      eqeqeq: "error",
      complexity: ["error", 12],
      "max-depth": ["error", 4],
      "max-lines": ["error", 300],
      "max-lines-per-function": ["error", { max: 70, skipBlankLines: true }],
      "max-params": ["error", 4],
      "no-console": "error",
      "@typescript-eslint/consistent-type-imports": "error",
    },
  },
);
