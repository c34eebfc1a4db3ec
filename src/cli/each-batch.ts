/** The batches with each item made into another. */
export async function* eachBatch<From, To>(
  batches: AsyncIterable<readonly From[]>,
  make: (item: From) => To,
): AsyncGenerator<To[]> {
  for await (const batch of batches) yield batch.map((item) => make(item));
}
