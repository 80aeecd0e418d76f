/**
 * Regular expressions that the form of a loop would refuse (patterns.ts): over one text again and again, with a part
 * that looks further than it consumes. Recheck finds that part linear alone, where no shorter match hides its failures.
 */
export const LOOPS: readonly {
  readonly pattern: RegExp;
  readonly alone: RegExp;
  readonly because: string;
}[] = [
  {
    pattern: /(?:[^,"]|"[^"]*")+/g,
    alone: /"[^"]*"/g,
    because: 'a quotation mark that nothing closes is the last one of the text',
  },
  {
    pattern: /(?:[^;"]|"[^"]*")+/g,
    alone: /"[^"]*"/g,
    because: 'a quotation mark that nothing closes is the last one of the text',
  },
  {
    pattern: /"[^"]*"/g,
    alone: /"[^"]*"/g,
    because: 'a quotation mark that nothing closes is the last one of the text',
  },
  {
    pattern: /(?<=^|[;\t\r\n])(?=['"]*[=+\-@\t\r＝＋－＠])/g,
    alone: /(?<=^|[;\t\r\n])['"]*[=+\-@\t\r＝＋－＠]/g,
    because: 'it looks over the quotes at the beginning of a cell, and there once',
  },
  {
    pattern: /(?<=^|[;\t\r\n])'(?=['"]*[=+\-@\t\r＝＋－＠])/g,
    alone: /(?<=^|[;\t\r\n])'['"]*[=+\-@\t\r＝＋－＠]/g,
    because: 'it looks over the quotes at the beginning of a cell, and there once',
  },
  {
    pattern: /\[removed\](?:[^\p{L}\p{N}[]*\[removed\])+/gu,
    alone: /\[removed\][^\p{L}\p{N}[]*\[removed\]/gu,
    because: 'it looks from a mark to the next letter or bracket',
  },
];
