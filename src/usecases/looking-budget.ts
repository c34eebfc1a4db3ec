import { isAppError } from '../base/errors.ts';
import type { ApiBudget } from '../sync/budget/api-budget.ts';

/** Who asks how the limits stand, or who is logged in, is answered however high the org runs, and where nothing can be noted either. */
export function lookingOf(budget: ApiBudget): Pick<ApiBudget, 'before' | 'after'> {
  return {
    before: async (_kind, options) => {
      try {
        await budget.before('look', options);
      } catch (error) {
        if (!isAppError(error, 'DISK_FULL', 'DATA_DIR_UNWRITABLE', 'DATA_DIR_BUSY', 'USAGE_UNREADABLE'))
          throw error;
      }
    },
    after: (usage, call) => budget.after(usage, call),
  };
}
