/**
 * Call this before a slow operation. The returned function then opens a page, unless the person has moved to another
 * page meanwhile.
 */
export function leadFromHere({ location }: Pick<Window, 'location'> = window): (to: string) => void {
  const here = location.hash;
  return (to) => {
    if (location.hash === here) location.hash = to;
  };
}
