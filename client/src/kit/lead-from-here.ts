/**
 * Call it before something that takes a while; the result then leads to a page, unless the person has gone to another
 * one meanwhile.
 */
export function leadFromHere({ location }: Pick<Window, 'location'> = window): (to: string) => void {
  const here = location.hash;
  return (to) => {
    if (location.hash === here) location.hash = to;
  };
}
