'use strict';

const { appendFileSync } = require('node:fs');

/** How a skipped test says why, in its title or in that of a `describe` around it: `(skipped: …)`, `(skipped where …)`. */
const REASON = /\(skipped\b[^)]+\)/;

/**
 * A Jest reporter with two duties: a run in which a test was skipped without a reason fails, and the counts of the run
 * are added as a line `passed failed skipped` to the file that `$SALLYPORT_TALLY` names.
 */
module.exports = class TallyReporter {
  #filtered;
  #unexplained = [];

  constructor(globalConfig) {
    // With `-t` Jest reports each test that the filter left out as skipped.
    this.#filtered = Boolean(globalConfig.testNamePattern);
  }

  onTestResult(_test, { testFilePath, testResults }) {
    if (this.#filtered) return;
    for (const { status, fullName } of testResults) {
      if (['pending', 'todo', 'disabled'].includes(status) && !REASON.test(fullName)) {
        this.#unexplained.push(`${fullName}\n    ${testFilePath}`);
      }
    }
  }

  onRunComplete(_contexts, results) {
    if (this.#unexplained.length > 0) {
      console.error('\nSkipped without "(skipped: why)" in the title:');
      for (const test of this.#unexplained) console.error(`  ${test}`);
    }
    const file = process.env.SALLYPORT_TALLY;
    if (!file) return;
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites + this.#unexplained.length;
    const skipped = results.numPendingTests + results.numTodoTests - this.#unexplained.length;
    appendFileSync(file, `${results.numPassedTests} ${failed} ${skipped}\n`);
  }

  /** Fails the run; Jest doesn't print it. */
  getLastError() {
    return this.#unexplained.length > 0 ? new Error('Tests were skipped without a reason.') : undefined;
  }
};
