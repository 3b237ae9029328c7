/** What one tier came to. Names of skipped tests are kept: a skipped test that nobody reads of is a lost one. */
export interface Outcome {
  readonly tier: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: readonly string[];
  /** Names of failed tests, and sentences for what failed outside of any test. */
  readonly failures: readonly string[];
}

/** The part that we read of vitest's JSON report. */
export interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

/** Counts a report. A file that could not even be loaded, and a run that failed without a failed test, are failures too. */
export function readOutcome(tier: string, report: Report | undefined, exitedWell: boolean): Outcome {
  const files = report?.testResults ?? [];
  const tests = files.flatMap((file) => file.assertionResults);
  const named = (status: (status: string) => boolean) =>
    tests.filter((test) => status(test.status)).map((test) => test.fullName.trim());
  const failures = named((status) => status === 'failed');
  for (const file of files) {
    const hasFailedTest = file.assertionResults.some(({ status }) => status === 'failed');
    if (file.status === 'failed' && !hasFailedTest) failures.push(`${file.name}: ${firstLine(file.message)}`);
  }
  if (tests.length === 0 && failures.length === 0) failures.push('no test ran');
  if (!exitedWell && failures.length === 0) failures.push('an error outside of the tests: see above');
  return {
    tier,
    passed: named((status) => status === 'passed').length,
    failed: failures.length,
    skipped: named((status) => status !== 'passed' && status !== 'failed'),
    failures,
  };
}

/** The sum over all tiers. */
export function addUp(outcomes: readonly Outcome[]): { passed: number; failed: number; skipped: number } {
  const sum = (count: (outcome: Outcome) => number) => outcomes.reduce((total, outcome) => total + count(outcome), 0);
  return {
    passed: sum((outcome) => outcome.passed),
    failed: sum((outcome) => outcome.failed),
    skipped: sum((outcome) => outcome.skipped.length),
  };
}

/** The summary: a line a tier, each failed and each skipped test by its name, and the total as the last line. */
export function describeTotal(outcomes: readonly Outcome[], total: ReturnType<typeof addUp>): string {
  const lines = outcomes.flatMap((outcome) => [
    `${outcome.tier}: ${count(outcome.passed, outcome.failed, outcome.skipped.length)}`,
    ...outcome.failures.map((name) => `  failed: ${name}`),
    ...outcome.skipped.map((name) => `  skipped: ${name}`),
  ]);
  return ['', ...lines, count(total.passed, total.failed, total.skipped)].join('\n');
}

function count(passed: number, failed: number, skipped: number): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? '';
}
