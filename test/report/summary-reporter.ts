import type { Reporter, TestModule } from 'vitest/node';

/**
 * One plain last line that scripts can read: `tests: 120 passed, 0 failed, 3 skipped`. Before it, how many were
 * skipped for each reason that tests gave.
 */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    let passed = 0;
    // A module that does not even load, or an error outside of any test, is a failure too.
    let failed = unhandledErrors.length + modules.filter((module) => module.errors().length > 0).length;
    let skipped = 0;
    const reasons = new Map<string, number>();
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state === 'passed') passed++;
        else if (result.state === 'failed') failed++;
        else {
          skipped++;
          const reason = result.state === 'skipped' ? result.note : undefined;
          if (reason !== undefined) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
        }
      }
    }
    const lines = [...reasons].map(([reason, count]) => `${count} skipped: ${reason}\n`);
    process.stdout.write(
      `\n${lines.join('')}tests: ${passed} passed, ${failed} failed, ${skipped} skipped\n`,
    );
  }
}
