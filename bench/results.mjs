/** The measured values, one for each row, contender and repeat, and the faults. */
import { median, ratio, spread } from './statistics.mjs'

export class Results {
  contenders
  /** By row and contender: a value or null for each repeat. */
  #values = new Map()
  faults = []

  constructor(contenders) {
    this.contenders = contenders
  }

  add(contender, repeat, values) {
    for (const [key, value] of Object.entries(values)) {
      const row = this.#rowOf(key)
      if (!row.has(contender)) row.set(contender, [])
      const repeats = row.get(contender)
      while (repeats.length < repeat) repeats.push(null)
      repeats[repeat] = value
    }
  }

  /** Marks a repeat as wrong for these rows. Only the first fault of its kind is reported. */
  addFault(contender, keys, text) {
    const same = this.faultsOf(contender).find((fault) => `${fault.keys}` === `${keys}`)
    if (same === undefined) this.faults.push({ contender, keys, text, times: 1 })
    else same.times++
  }

  faultsOf(contender) {
    return this.faults.filter((fault) => fault.contender === contender)
  }

  /** The result of a contender in a row; null if it was not measured. Its median is null if no
   *  repeat was correct. */
  cell(key, contender) {
    const repeats = this.#rowOf(key).get(contender) ?? []
    const values = repeats.filter((value) => value !== null)
    const fault = this.faultsOf(contender).find(({ keys }) => keys.includes(key))
    const faults = fault?.times ?? 0
    if (values.length === 0) return faults === 0 ? null : { median: null, faults }
    const floor = this.#rowOf(key).get('floor') ?? []
    return {
      median: median(values),
      spread: spread(values),
      ratio: contender === 'floor' ? null : ratio(repeats, floor),
      count: values.length,
      faults,
    }
  }

  #rowOf(key) {
    if (!this.#values.has(key)) this.#values.set(key, new Map())
    return this.#values.get(key)
  }
}
