// Weigh the built page: what the browser loads first, and each part that it loads later.
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const FIRST_KB = 250;
const LATER_KB = 80;
const PAGE = new URL("../src/assay/apps/gateway/page/", import.meta.url);
const manifest = JSON.parse(readFileSync(new URL("manifest.json", PAGE), "utf8"));

function collect(key, files) {
  const part = manifest[key];
  for (const file of [part.file, ...(part.css ?? [])]) files.add(file);
  for (const next of part.imports ?? []) collect(next, files);
  return files;
}

function weigh(files) {
  const bytes = [...files].map((file) => gzipSync(readFileSync(new URL(file, PAGE))).length);
  return bytes.reduce((sum, size) => sum + size, 0) / 1000;
}

const first = collect("index.html", new Set());
let failed = false;
function report(name, kb, limit) {
  failed ||= kb > limit;
  console.log(`page: ${name} ${kb.toFixed(1)} kB gzip of ${limit} kB`);
}

report("first load", weigh(first), FIRST_KB);
for (const [key, part] of Object.entries(manifest)) {
  if (!part.isDynamicEntry) continue;
  const own = [...collect(key, new Set())].filter((file) => !first.has(file));
  report(part.name ?? key, weigh(own), LATER_KB);
}
if (failed) {
  console.error("page: over its budget; load later what the first view does not need");
  process.exit(1);
}
