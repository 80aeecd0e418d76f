/**
 * Values by a JSON Schema, grown to a size: as legal as the schema can say, or wrong in every place that it names. A
 * new field of a new route is filled without a line here.
 */
import fc from 'fast-check';
import type { Schema } from './operations.ts';

export type Filling = {
  /**
   *   legal   each value as the schema wants it, and no list or text longer than it may be
   *   wrong   each value of another type, and lists as long as they can be
   *   empty   lists of empty objects
   *   long    each text begins as the schema wants it, and goes on
   *   last    legal but for the last item of each list that is not within another
   */
  readonly style: 'legal' | 'wrong' | 'empty' | 'long' | 'last';
  /** `lists`: those that are not within another. */
  readonly grows: 'lists' | 'all-lists' | 'texts' | 'everything';
  /** No list and no text is longer than it may be, whatever the style. */
  readonly isWithin?: boolean;
  readonly resolve: (schema: Schema) => Schema;
  /** Chooses between alternatives. */
  readonly seed: number;
};

/**
 * The largest JSON text of at most so many bytes and values that the filling reaches, to a sixteenth, or its smallest.
 */
export function fillTo(
  schema: Schema,
  filling: Filling,
  { bytes, values = Infinity }: { readonly bytes: number; readonly values?: number },
): string {
  const at = (scale: number): string => JSON.stringify(fill(schema, filling, scale)) ?? 'null';
  const fits = (text: string): boolean =>
    Buffer.byteLength(text) <= bytes && (values === Infinity || valuesIn(text) < values);
  let kept = at(1);
  let low = 1;
  let high = 2;
  for (let text = at(high); fits(text) && text.length > kept.length; text = at(high)) {
    kept = text;
    low = high;
    high *= 2;
  }
  while (high - low > Math.max(1, low / 16)) {
    const middle = Math.floor((low + high) / 2);
    const text = at(middle);
    if (!fits(text)) high = middle;
    else {
      if (text.length > kept.length) kept = text;
      low = middle;
    }
  }
  return kept;
}

const BEGINNINGS = /[,[{]/g;
/** Counts values as a reader does that looks at delimiters alone. */
function valuesIn(text: string): number {
  let count = 0;
  for (const _ of text.matchAll(BEGINNINGS)) count += 1;
  return count;
}

/** `scale`: of what grows, the length; 0: the least that is legal. */
export function fill(schema: Schema, filling: Filling, scale: number): unknown {
  return new Filler(filling, scale).value(schema, '', 0);
}

const SHORT = 8;
/** An item that no list takes. */
const WRONG_ITEM = [[]];
const WRONG = { string: 0, number: 'a', integer: 'a', boolean: 'a' } as const;

class Filler {
  readonly #filling: Filling;
  readonly #scale: number;
  readonly #settled = new WeakMap<Schema, Schema>();
  #texts = 0;

  constructor(filling: Filling, scale: number) {
    this.#filling = filling;
    this.#scale = scale;
  }

  /** `name`: of the property; `depth`: of the lists around it. */
  value(given: Schema, name: string, depth: number): unknown {
    const schema = this.#settle(given);
    const { type, properties, prefixItems, items, enum: words } = schema;
    const kind = Array.isArray(type) ? type.find((one) => one !== 'null') : type;
    if (properties !== undefined || kind === 'object') return this.#object(schema, depth);
    if (prefixItems !== undefined)
      return (prefixItems as readonly Schema[]).map((item) => this.value(item, name, depth));
    if (items !== undefined || kind === 'array') return this.#list(schema, name, depth);
    if (this.#filling.style === 'wrong') return WRONG[kind as keyof typeof WRONG] ?? 0;
    if ('const' in schema) return schema['const'];
    if (Array.isArray(words)) return words[this.#filling.seed % words.length];
    if (kind === 'string') return this.#text(schema, name);
    if (kind === 'boolean') return true;
    if (kind === 'null') return null;
    return schema['maximum'] ?? schema['minimum'] ?? 1;
  }

  /** Without references and alternatives. */
  #settle(given: Schema): Schema {
    const settled = this.#settled.get(given) ?? this.#settleOnce(given);
    this.#settled.set(given, settled);
    return settled;
  }

  #settleOnce(given: Schema): Schema {
    const { allOf = [], anyOf, oneOf, ...own } = this.#filling.resolve(given);
    const options = ((anyOf ?? oneOf ?? []) as readonly Schema[]).filter(({ type }) => type !== 'null');
    const chosen = options[this.#filling.seed % (options.length || 1)];
    const parts = [...(allOf as readonly Schema[]), ...(chosen === undefined ? [] : [chosen])];
    return Object.assign({}, ...parts.map((part) => this.#settle(part)), own) as Schema;
  }

  #object(schema: Schema, depth: number): unknown {
    const { properties = {}, additionalProperties, propertyNames = {}, required = [] } = schema;
    const named = Object.entries(properties as Record<string, Schema>).filter(
      ([name]) => this.#scale > 0 || (required as readonly string[]).includes(name),
    );
    const filled = named.map(([name, one]) => [name, this.value(one, name, depth)]);
    const count =
      typeof additionalProperties === 'object' && named.length === 0 ? this.#length({}, depth) : 0;
    const names = { type: 'string', ...(propertyNames as Schema) };
    const more = Array.from({ length: count }, () => [
      this.#legalText(names, ''),
      this.value(additionalProperties as Schema, '', depth + 1),
    ]);
    return Object.fromEntries([...filled, ...more]);
  }

  #list(schema: Schema, name: string, depth: number): unknown {
    const { style } = this.#filling;
    const item = (schema['items'] ?? {}) as Schema;
    const length = this.#length(schema, depth);
    return Array.from({ length }, (_, at) => {
      if (style === 'empty') return {};
      const isWrong = style === 'last' && depth === 0 && at === length - 1;
      return isWrong ? WRONG_ITEM : this.value(item, name, depth + 1);
    });
  }

  #length({ minItems = 0, maxItems = Infinity }: Schema, depth: number): number {
    const { style, grows, isWithin = style === 'legal' || style === 'last' } = this.#filling;
    const isGrown = grows === 'all-lists' || grows === 'everything' || (grows === 'lists' && depth === 0);
    if (!isGrown) return Math.min(Math.max(Math.min(1, this.#scale), Number(minItems)), Number(maxItems));
    return isWithin ? Math.min(Math.max(this.#scale, Number(minItems)), Number(maxItems)) : this.#scale;
  }

  #text(schema: Schema, name: string): string {
    const legal = this.#legalText(schema, name);
    const { style, isWithin = false } = this.#filling;
    if (style !== 'long') return legal;
    const long = `${(legal || 'a').repeat(this.#scale)}\0`;
    return isWithin ? long.slice(-Number(schema['maxLength'] ?? Infinity)) : long;
  }

  #legalText({ format, pattern, minLength = 0, maxLength = Infinity }: Schema, name: string): string {
    this.#texts += 1;
    const nth = this.#texts;
    const formed = FORMS[String(format)]?.(nth);
    if (formed !== undefined) return formed;
    if (typeof pattern === 'string') return sampleOf(pattern, nth);
    if (/UIDs?$/.test(name)) return `2.25.${nth}`;
    const { grows } = this.#filling;
    const length = grows === 'texts' || grows === 'everything' ? this.#scale : SHORT;
    return String(nth).padStart(Math.min(Math.max(length, Number(minLength)), Number(maxLength)), 'a');
  }
}

const FORMS: Readonly<Record<string, (nth: number) => string>> = {
  uuid: (nth) => `00000000-0000-4000-8000-${String(nth).padStart(12, '0')}`,
  'date-time': () => '2026-01-01T00:00:00Z',
  date: () => '2026-01-01',
  time: () => '12:00:00',
  email: (nth) => `a${nth}@example.org`,
  // Nothing listens on the discard port.
  uri: (nth) => `http://127.0.0.1:9/${nth}`,
};

const SAMPLES = 8;
const samples = new Map<string, (nth: number) => string>();

/** A text that fits the pattern, mostly another one for each number; any text where the pattern cannot be followed. */
function sampleOf(pattern: string, nth: number): string {
  const sample = samples.get(pattern) ?? samplerOf(pattern);
  samples.set(pattern, sample);
  return sample(nth);
}

function samplerOf(pattern: string): (nth: number) => string {
  const simple = (nth: number): string => `a${nth}`;
  try {
    const expression = new RegExp(pattern, 'u');
    if (expression.test(simple(1))) return simple;
    const drawn = fc.sample(fc.stringMatching(expression), { seed: 1, numRuns: SAMPLES });
    return (nth) => drawn[nth % drawn.length]!;
  } catch {
    return simple;
  }
}
