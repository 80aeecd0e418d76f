/**
 * The texts between two marks, each from the first opening mark behind the closing mark before it. A regular expression
 * would look for the closing mark from each opening one.
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
