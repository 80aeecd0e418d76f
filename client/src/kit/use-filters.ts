/** The filters of a page's address, and values of them that come into no address. */
import { useEffect, useState } from 'preact/hooks';
import type { Filters } from './filters.ts';

/** `hrefOf`: the address of the page with this query. A choice takes the place of the address before it. */
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
    // The way back leads out of the list, not through every filter.
    location.replace(hrefOf(write(chosen)));
  };
  return { filters, choose };
}
