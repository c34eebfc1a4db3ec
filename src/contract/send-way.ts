/** How an entry is sent; decided before its first sending. */
export type SendWay = 'ui-api' | 'collection' | 'upsert' | 'bulk';
