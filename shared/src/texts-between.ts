/**
 * The texts between two marks. Each starts at the first opening mark after the previous closing mark. A regular
 * expression would search for the closing mark again from every opening mark.
 */
export function textsBetween(text: string, open: string, close: string): string[] {
  return text
    .split(close)
    .slice(0, -1)
    .flatMap((part) => {
      const at = part.indexOf(open);
      return at === -1 ? [] : [part.slice(at + open.length)];
    });
}
