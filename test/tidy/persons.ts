/** Pronouns of persons, in any text: sources, scripts, tests and pages. A process, a daemon or a client is not a
 *  person, and a sentence that names the thing is shorter. */

const pronouns = [
  'who whom whoever whomever',
  'somebody someone nobody anybody anyone everybody everyone',
  'he him his himself she her',
]
  .join(' ')
  .split(' ')
const pattern = new RegExp(`\\b(?:${pronouns.join('|')})\\b`, 'i')

/** The user "nobody", and names in tests: in quotes or in a list of names, or behind the word for what has the name. */
const names = /(['"`^,]|\b(?:user|logname|su|for)[ :]+(?:- )?)nobody\b/g

/** Each line with such a word, as "path:line: text". */
export function pronounsIn(path: string, text: string): string[] {
  return text
    .split('\n')
    .flatMap((line, index) =>
      pattern.test(line.replace(names, '$1')) ? [`${path}:${index + 1}: ${line.trim()}`] : [],
    )
}
