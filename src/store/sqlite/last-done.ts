/** SQL: how many writes are done, in their order. The terms of the index `outbox_done`. */
export const lastDone = '(SELECT coalesce(max(done_order), 0) FROM outbox WHERE done_order IS NOT NULL)';
