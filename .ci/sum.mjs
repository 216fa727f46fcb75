// The end of .ci/run: what failed, by name, and the sum. It stands last, so that whoever has only the end of the log knows what was red.
// Usage: node .ci/sum.mjs <vitest's JSON report>...
import { readFileSync } from 'node:fs'
import { basename, relative } from 'node:path'

/** Lines of an error's text that are shown; all of it stands where the test ran. */
const LINES = 12

let passed = 0
let failed = 0
for (const path of process.argv.slice(2)) {
  const { success, testResults } = JSON.parse(readFileSync(path, 'utf8'))
  const failedBefore = failed
  for (const { name, status, message, assertionResults } of testResults) {
    const red = assertionResults.filter(test => test.status === 'failed')
    passed += assertionResults.filter(test => test.status === 'passed').length
    for (const test of red) fail(path, name, test.fullName, test.failureMessages.join('\n'))
    // A file that can't be loaded has no failed test, and is a failure all the same.
    if (status !== 'passed' && red.length === 0) fail(path, name, 'the file itself', message)
  }
  if (!success && failed === failedBefore)
    fail(path, '', 'the run as a whole', 'vitest says that it did not succeed')
}
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 && passed > 0 ? 0 : 1

function fail(report, file, test, text = '') {
  failed++
  console.log(`FAILED (${basename(report, '.json')}) ${relative(process.cwd(), file)}: ${test}`)
  for (const line of text.split('\n').slice(0, LINES)) console.log(`    ${line}`)
}
