/** What may be a name. One answer for the bundle file, for a plan that comes from outside and for
 *  every message; without regular expressions, which the init's engine does not have. */

const maxNameLength = 48

/** In words, for messages. */
export const nameRule = 'up to 48 lower-case letters, digits and dashes, the first a letter'

/** The name of a bundle or a daemon: `^[a-z][a-z0-9-]{0,47}$`. */
export function isName(text: string): boolean {
  if (text.length > maxNameLength || !isLower(text.charAt(0))) return false
  for (const char of text) {
    if (!isLower(char) && !isDigit(char) && char !== '-') return false
  }
  return true
}

/** The name of an environment variable: anything the kernel can carry. */
export function isEnvName(text: string): boolean {
  return text !== '' && !text.includes('=') && !text.includes('\0')
}

/** The name of an environment variable, of which the end may be left open with a `*`. */
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
