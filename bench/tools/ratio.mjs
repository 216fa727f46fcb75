/** @param {readonly number[]} numbers */
export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b)
  const middle = sorted.length / 2
  return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle) - 1] ?? Number.NaN)) / 2
}

/**
 * The median of some ratios with their range: `1.04 (0.98 to 1.11, 12 pairs)`.
 *
 * @param {readonly number[]} ratios
 */
export function describeRatios(ratios) {
  const [low, high] = [Math.min(...ratios), Math.max(...ratios)]
  return `${median(ratios).toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)}, ${ratios.length} pairs)`
}

/**
 * Says whether a goal was met, and remembers a miss for the exit code.
 *
 * @param {string} what
 * @param {string} measured
 * @param {boolean} isMet
 */
export function judge(what, measured, isMet) {
  console.log(`${isMet ? 'met   ' : 'MISSED'} ${what}: ${measured}`)
  if (!isMet) process.exitCode = 1
}
