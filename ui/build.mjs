// Bundles ui/src into one ES5 script that runs in browsers and in Duktape, and the page's style: node ui/build.mjs OUT.js OUT.css
//
// Our own TypeScript is brought down to ES5 by TypeScript itself (esbuild cannot); ECharts ships as ES5 modules already, so
// esbuild only joins, shakes and minifies.
import {build} from 'esbuild';
import {readFile} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import ts from 'typescript';

const here = dirname(fileURLToPath(import.meta.url));
const [outfile, stylefile] = process.argv.slice(2);
if (!outfile || !stylefile) {
  console.error('usage: node ui/build.mjs OUT.js OUT.css');
  process.exit(2);
}

const typescriptToEs5 = {
  name: 'typescript-to-es5',
  setup(pluginBuild) {
    pluginBuild.onLoad({filter: /\.ts$/}, async (args) => {
      const source = await readFile(args.path, 'utf8');
      const {outputText} = ts.transpileModule(source, {
        compilerOptions: {target: ts.ScriptTarget.ES5, module: ts.ModuleKind.ESNext, importsNotUsedAsValues: undefined},
        fileName: args.path,
      });
      return {contents: outputText, loader: 'js'};
    });
  },
};

await build({
  entryPoints: [join(here, 'src', 'bundle.ts')],
  outfile,
  bundle: true,
  // Not minifySyntax: Duktape does not parse what it makes of some expressions.
  minifyWhitespace: true,
  minifyIdentifiers: true,
  format: 'iife',
  target: 'es5',
  charset: 'ascii',
  legalComments: 'none',
  define: {'process.env.NODE_ENV': '"production"'},
  plugins: [typescriptToEs5],
  logLevel: 'warning',
});

// No target: esbuild would rewrite media queries and colours that browsers without them can well ignore.
await build({entryPoints: [join(here, 'src', 'dossier.css')], outfile: stylefile, minify: true, charset: 'ascii', logLevel: 'warning'});
