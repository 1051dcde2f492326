/** Checks the targets of probes: numeric addresses (PID 1 looks up no name), ports, and the parts
 *  of an HTTP request. Without regular expressions, which the engine of the init does not have. */

export const maxPort = 65_535
/** The kernel's limit for the path of a socket, in bytes. */
export const maxSocketPath = 107
/** The longest path of a page, in bytes: a request must fit into the host's buffer. */
export const maxHttpPath = 1024

/** An IPv4 address, or an IPv6 address without brackets and without a zone. */
export function isAddress(text: string): boolean {
  return isIpv4(text) || isIpv6(text)
}

/** Visible ASCII without spaces: no character that could end the line of a request. */
export function isVisible(text: string): boolean {
  for (const char of text) if (char < '!' || char > '~') return false
  return text !== ''
}

/** The path and query of a page, without a fragment, which is never sent. */
export function isHttpPath(text: string): boolean {
  const isShort = text.length <= maxHttpPath
  return isShort && text.startsWith('/') && isVisible(text) && !text.includes('#')
}

/** The length of a text in UTF-8. */
export function byteLength(text: string): number {
  let bytes = 0
  for (const char of text) {
    const code = char.codePointAt(0) as number
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
  }
  return bytes
}

function isIpv4(text: string): boolean {
  const parts = text.split('.')
  return parts.length === 4 && parts.every(isByte)
}

/** 0 to 255; not 010, which some programs read as 8 and others as 10. */
function isByte(digits: string): boolean {
  if (digits === '' || digits.length > 3 || (digits.length > 1 && digits[0] === '0')) return false
  for (const digit of digits) if (digit < '0' || digit > '9') return false
  return Number(digits) <= 255
}

/** Eight groups. One sequence of zeros may be left out with `::`; the last two groups may be an
 *  IPv4 address. */
function isIpv6(text: string): boolean {
  const [head = '', tail, more] = text.split('::')
  if (more !== undefined) return false
  if (tail === undefined) return countGroups(head, true) === 8
  const groups = countGroups(head, false) + countGroups(tail, true)
  return groups <= 7
}

/** @returns The number of groups; Infinity when one of them is not a group. */
function countGroups(text: string, mayEndAsIpv4: boolean): number {
  if (text === '') return 0
  const groups = text.split(':')
  const last = groups[groups.length - 1] as string
  const endsAsIpv4 = mayEndAsIpv4 && isIpv4(last)
  const hex = endsAsIpv4 ? groups.slice(0, -1) : groups
  return hex.every(isGroup) ? groups.length + Number(endsAsIpv4) : Number.POSITIVE_INFINITY
}

function isGroup(text: string): boolean {
  for (const char of text.toLowerCase()) {
    if (!((char >= '0' && char <= '9') || (char >= 'a' && char <= 'f'))) return false
  }
  return text.length >= 1 && text.length <= 4
}
