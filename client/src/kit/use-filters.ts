/** The filters in a page's address, and filter values that never appear in an address. */
import { useEffect, useState } from 'preact/hooks';
import type { Filters } from './filters.ts';

/** `hrefOf`: the address of the page with this query. A new choice replaces the previous address. */
export function useFilters<Values>(
  { parse, write }: Pick<Filters<Values>, 'parse' | 'write'>,
  query: string,
  hrefOf: (query: string) => string,
) {
  const [filters, setFilters] = useState(() => parse(query));
  useEffect(() => {
    if (query !== write(filters)) setFilters(parse(query));
  }, [query]);
  const choose = (some: Partial<Values>): void => {
    const chosen = { ...filters, ...some };
    setFilters(chosen);
    // The Back button leads out of the list, not through every filter.
    const href = hrefOf(write(chosen));
    if (href !== location.hash) location.replace(href);
  };
  return { filters, choose };
}
