import fc from 'fast-check';

export interface Weighted<T> {
  weight: number;
  arbitrary: fc.Arbitrary<T>;
}

export function weighted<T>(weight: number, arbitrary: fc.Arbitrary<T>): Weighted<T> {
  return { weight, arbitrary };
}

/** One of a union's kinds, each as often as its weight says. */
export function oneOf<T>(...kinds: Weighted<T>[]): fc.Arbitrary<T> {
  return fc.oneof(...(kinds as [Weighted<T>, ...Weighted<T>[]]));
}
