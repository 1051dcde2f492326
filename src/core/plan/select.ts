/** Which daemons of the bundle are run: the contract of `PITCREW_DAEMONS`. */

/**
 * Reads a comma list of names. Spaces around a name are trimmed; unknown names are ignored; order
 * and duplicates have no effect.
 *
 * @param names The bundle's daemons, in order.
 * @param value The variable's value; null when it is not set. Unset or blank selects all.
 * @returns The selected names, in the bundle's order. Empty when nothing known was named.
 */
export function selectDaemons(names: readonly string[], value: string | null): string[] {
  if (value === null || value.trim() === '') return [...names]
  const wanted = new Set(value.split(',').map((name) => name.trim()))
  return names.filter((name) => wanted.has(name))
}
