/**
 * Describes the filters of a list, from which the page's address is derived. The address contains only values that
 * differ from the defaults, so that it can be bookmarked and shared. Anything in it that no filter understands means
 * the default.
 */

/**
 * `read`: the value for a text in an address; null: the text is not valid. `say`: the text for a value; by default, the
 * value itself.
 */
type Filter<Value extends string = string> = {
  readonly usual: Value;
  read(text: string): Value | null;
  say?(value: Value): string;
  /** The possible values in the order in which they are offered, if there are only a few. */
  readonly choices?: readonly Value[];
  /** True for the sort order, and for a part of another filter. */
  readonly hidesNothing?: boolean;
  /** Applies only while another filter has this value. */
  readonly within?: readonly [name: string, value: string];
};

/** An empty value means any, and is written `all` in an address if it is not the default. */
export function oneOf<Value extends string>(
  choices: readonly Value[],
  usual: NoInfer<Value> = choices[0]!,
  say: (value: string) => string = (value) => value || 'all',
): Filter<Value> {
  return { usual, choices, read: (text) => choices.find((known) => say(known) === text) ?? null, say };
}

export const orderOf = <Value extends string>(choices: readonly Value[]): Filter<Value> => ({
  ...oneOf(choices),
  hidesNothing: true,
});

/**
 * A text filter, empty by default. A text that `isUnderstood` rejects may be searched for, but never appears in an
 * address.
 */
export const textOf = (isUnderstood: (text: string) => boolean): Filter => ({
  usual: '',
  read: (text) => (isUnderstood(text) ? text : null),
});

/** The first and last day, both inclusive, used while the filter `name` is `days`; empty: unlimited. */
export function daysOf(name: string): Readonly<Record<'from' | 'to', Filter>> {
  const day: Filter = { ...textOf(isDay), hidesNothing: true, within: [name, 'days'] };
  return { from: day, to: day };
}

/** Whether the text is a day from 1900 to 2999, as YYYY-MM-DD. */
export function isDay(text: string): boolean {
  const midnight = `${text}T00:00:00.000Z`;
  const at = new Date(midnight);
  return !Number.isNaN(at.getTime()) && at.toISOString() === midnight && text >= '1900' && text < '3';
}

type ValuesOf<Described extends Readonly<Record<string, Filter>>> = {
  readonly [Name in keyof Described]: Described[Name]['usual'];
};

export interface Filters<Values> {
  readonly usual: Values;
  /** The possible values of each filter; empty for a filter without a fixed list. */
  readonly choices: { readonly [Name in keyof Values]: readonly Values[Name][] };
  parse(query: string): Values;
  /** The query of an address; empty if all values are defaults. */
  write(values: Values): string;
  /** The filters that differ from their defaults and hide something. */
  inUse(values: Values): readonly (keyof Values)[];
  isFiltered(values: Values): boolean;
}

export function filtersOf<Described extends Readonly<Record<string, Filter>>>(
  described: Described,
): Filters<ValuesOf<Described>> {
  type Values = ValuesOf<Described>;
  const all = Object.entries<Filter>(described);
  const each = <T>(told: (filter: Filter, name: string) => T) =>
    Object.fromEntries(all.map(([name, filter]) => [name, told(filter, name)]));
  const said = ({ say }: Filter, value: string): string => say?.(value) ?? value;
  const inUse = (values: Values): readonly (keyof Values)[] =>
    all.filter(([name, of]) => !of.hidesNothing && values[name] !== of.usual).map(([name]) => name);
  return {
    usual: each(({ usual }) => usual) as Values,
    choices: each(({ choices }) => choices ?? []) as Filters<Values>['choices'],
    parse(query) {
      const asked = new URLSearchParams(query);
      const values = each((filter, name) => {
        const text = asked.get(name);
        return (text === null ? null : filter.read(text)) ?? filter.usual;
      });
      return each(({ usual, within }, name) =>
        within === undefined || values[within[0]] === within[1] ? values[name] : usual,
      ) as Values;
    },
    write(values) {
      const named = all.filter(([name, of]) => {
        const value: string = values[name]!;
        return value !== of.usual && of.read(said(of, value)) === value;
      });
      return new URLSearchParams(named.map(([name, of]) => [name, said(of, values[name]!)])).toString();
    },
    inUse,
    isFiltered: (values) => inUse(values).length > 0,
  };
}
