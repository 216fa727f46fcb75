/** A number and its noun: "1 post", "2,014 posts". */
export function inNumbers(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`
}
