/**
 * Makes a recorded request or answer an example: the same in every run, short, and without secrets. Values that differ
 * from run to run, or that open something, are replaced by others of the same form.
 */

const LINES = 4;
const HEXADECIMAL = '0123456789abcdef';
/** A PNG of one grey pixel, in base64url, and the beginning of every PNG. */
const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg';
const PNG = 'iVBORw0KGgo';
const TOKEN = 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJleGFtcGxlIn0.ZXhhbXBsZQ';

const filled = (pattern: string, length: number, from = 0): string =>
  pattern.repeat(Math.ceil((length + from) / pattern.length)).slice(from, from + length);

/** The forms, and what stands for the text found; `nth`: its number among the texts of this form, from 0. */
const FORMS: readonly (readonly [RegExp, (found: string, nth: number) => string])[] = [
  [/eyJ[\w-]+\.[\w-]+\.[\w-]+/g, () => TOKEN],
  [/\brk_[\w-]+/g, (found) => `rk_${filled('Example', found.length - 3)}`],
  [
    /\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g,
    (_, nth) => `00000000-0000-4000-8000-${String(nth + 1).padStart(12, '0')}`,
  ],
  [/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\b/g, () => '2026-01-01T12:00:00'],
  [/(?<=:\d\d\.)\d{3}(?=Z)/g, () => '000'],
  [/\b\d{4}-\d\d-\d\d\b(?!T)/g, () => '2026-01-01'],
  [/\b2\.25\.\d+/g, (_, nth) => `2.25.${nth + 1}`],
  [/\b[0-9a-f]{32,}\b/g, (found, nth) => filled(HEXADECIMAL, found.length, nth % 16)],
  // A picture, or random bytes, in base64 or base64url, as a whole value.
  [
    /^(?=.*[A-Z])(?=.*[a-z])(?=.*\d)[\w+/-]{22,}={0,2}$/g,
    (found) => (found.startsWith(PNG) ? PIXEL : filled('Example0', found.length)),
  ],
  [/\b127\.0\.0\.1:\d+/g, () => '127.0.0.1:8042'],
  [/\/tmp\/[\w./-]+/g, () => '/data'],
];

/** A large item alone shows the form of a list; of others two do. */
const isLarge = (item: unknown): boolean => typeof item === 'object' && Object.keys(item ?? {}).length > 2;

/** Turns values of one request and its answer into those of an example: a text that recurs is replaced alike. */
export function createStabiliser(): (value: unknown) => unknown {
  const known = FORMS.map(() => new Map<string, string>());
  const stableText = (text: string): string =>
    FORMS.reduce(
      (all, [form, stand], at) =>
        all.replaceAll(form, (found) => {
          const stood = known[at]!.get(found) ?? stand(found, known[at]!.size);
          known[at]!.set(found, stood);
          return stood;
        }),
      text.split('\n').slice(0, LINES).join('\n'),
    );
  const stable = (value: unknown, key = ''): unknown => {
    if (Array.isArray(value))
      return value.slice(0, isLarge(value[0]) ? 1 : 2).map((item) => stable(item, key));
    if (typeof value === 'object' && value !== null)
      return Object.fromEntries(
        Object.entries(value).map(([name, inner]) => [stableText(name), stable(inner, name)]),
      );
    if (typeof value !== 'string') return value;
    if (/password$/i.test(key)) return 'an example password';
    const text = stableText(value);
    return text === value && /(?:secret|token)$/i.test(key) ? 'example-of-a-secret' : text;
  };
  return stable;
}

/**
 * The fresh example as far as it says more than the earlier one: sizes and times differ from run to run, and whether a
 * list has filled yet.
 */
export function keepEarlier(fresh: unknown, earlier: unknown): unknown {
  if (typeof fresh === 'number' && typeof earlier === 'number') return earlier;
  if (typeof fresh === 'string' && typeof earlier === 'string')
    return withoutDigits(fresh) === withoutDigits(earlier) ? earlier : fresh;
  if (fresh === null) return earlier ?? null;
  if (typeof fresh !== 'object') return fresh;
  const before = (typeof earlier === 'object' && earlier !== null ? earlier : {}) as Record<string, unknown>;
  if (Array.isArray(fresh))
    return fresh.length === 0 && Array.isArray(earlier)
      ? earlier
      : fresh.map((item, at) => keepEarlier(item, before[at]));
  return Object.fromEntries(
    Object.entries(fresh).map(([name, inner]) => [name, keepEarlier(inner, before[name])]),
  );
}

const withoutDigits = (text: string): string => text.replaceAll(/\d+/g, '0');
