export type Method = (...args: unknown[]) => unknown;

/** `target` with other methods, and other values in place of its properties. */
export function watched<T extends object>(
  target: T,
  method: (name: string, call: Method) => Method,
  property: (name: string, value: unknown) => unknown = (_, value) => value,
): T {
  return new Proxy(target, {
    get(_target, key) {
      const value: unknown = Reflect.get(target, key);
      if (typeof value !== 'function') return property(String(key), value);
      // Not what `bind` gives: V8 takes no such function for one that `await using` may call.
      return method(String(key), (...args) => Reflect.apply(value, target, args));
    },
  });
}
