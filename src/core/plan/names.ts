/** Checks of names: one rule for the bundle file, for plans from outside and for messages. Without
 *  regular expressions, which the engine of the init does not have. */

const maxNameLength = 48

/** The rule for names, in messages. */
export const nameRule = 'up to 48 lower-case letters, digits and dashes, the first a letter'

/** The name of a bundle or a daemon: `^[a-z][a-z0-9-]{0,47}$`. */
export function isName(text: string): boolean {
  if (text.length > maxNameLength || !isLower(text.charAt(0))) return false
  for (const char of text) {
    if (!isLower(char) && !isDigit(char) && char !== '-') return false
  }
  return true
}

/** The name of an environment variable: anything that the kernel accepts. */
export function isEnvName(text: string): boolean {
  return text !== '' && !text.includes('=') && !text.includes('\0')
}

/** The name of an environment variable; a `*` at its end stands for any text. */
export function isEnvPattern(text: string): boolean {
  const star = text.indexOf('*')
  return isEnvName(text) && (star === -1 || star === text.length - 1)
}

function isLower(char: string): boolean {
  return char >= 'a' && char <= 'z'
}

function isDigit(char: string): boolean {
  return char >= '0' && char <= '9'
}
