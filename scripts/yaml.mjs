/** The package `yaml`, reduced to what the parser of bundles uses, as a plugin of esbuild. Reading
 *  unused code is half of the parser's start, and generators are half of its work. The result of
 *  parsing is the same: test/bundle/reduced-yaml.test.ts. */
import { readFile } from 'node:fs/promises'
import { transform } from 'esbuild'

/** Writing YAML, values of JavaScript, and schemas other than failsafe. */
const unused = [
  'doc/(anchors|applyReviver|createNode)',
  'nodes/(addPairToJSMap|toJS)',
  'parse/(cst-\\w+|line-counter)',
  'schema/(common/null|(core|json|yaml-1.1)/\\w+)',
  'stringify/\\w+',
  '(public-api|visit)',
]
/** Classes with generators that are always iterated to their end, and the names that callers
 *  iterate. */
const classes = ['parse/lexer', 'parse/parser', 'compose/composer']
const iterated = ['lex', 'parse', 'next', 'end', 'compose']

export const reducedYaml = {
  name: 'reduced yaml',
  setup(build) {
    const replace = (files, reduce) => {
      const filter = new RegExp(`/yaml/browser/dist/(${files.join('|')})\\.js$`)
      build.onLoad({ filter }, async ({ path }) => ({
        contents: await reduce(await readFile(path, 'utf8')),
      }))
    }
    replace(unused, withoutBodies)
    replace(classes, withoutGenerators)
  },
}

/** Exports the same names, which must not be used. */
function withoutBodies(code) {
  const [, list = ''] = /^export \{(.*)\};$/m.exec(code) ?? []
  const names = list.split(',').map((name) => name.trim().split(' as ').at(-1))
  const exports = names.map((name) => `leftOut as ${name}`)
  return `function leftOut() { throw new Error('a part of yaml that is left out') }
export { ${exports.join(', ')} }`
}

/** Makes a list of what a class yields, which it returns. A generator that is called without being
 *  iterated does nothing. */
async function withoutGenerators(original) {
  // In esbuild's layout.
  const { code } = await transform(original.replace(/\/\*[\s\S]*?\*\//g, ''))
  const names = [...code.matchAll(/^ {2}\*(\w+)\(/gm)].map(([, name]) => name)
  const [, className] = /^class (\w+)/m.exec(code)
  const plain = code
    .replace(/^ {2}\*(\w+)\(/gm, '  $$$1(')
    .replace(/yield\* this\.(\w+)\(/g, 'this.$$$1(')
    .replace(/yield ([^;]+);/g, 'this.yielded.push($1);')
  if (/\byield\b/.test(plain)) throw new Error(`${className} yields in a way that is not known`)
  const methods = names.map((name) =>
    iterated.includes(name)
      ? `${name}(...args) { this.yielded = []; this.$${name}(...args); return this.yielded }`
      : `${name}() {}`,
  )
  return plain.replace(/^class \w+ \{$/m, `$&\n${methods.join('\n')}`)
}
