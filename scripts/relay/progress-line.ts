/** A line at the terminal that says how far the command is; nothing where stderr is no terminal. */

export interface ProgressLine {
  show(line: string): void;
  clear(): void;
}

/** Faster than this nobody reads. */
const SHOW_EVERY_MS = 200;

export function createProgressLine(isWanted: boolean, terminal = process.stderr): ProgressLine {
  let shownAt = 0;
  return {
    show(line) {
      if (!isWanted || !terminal.isTTY || Date.now() - shownAt < SHOW_EVERY_MS) return;
      shownAt = Date.now();
      terminal.write(`\r\u001b[2K${line}`);
    },
    clear() {
      if (isWanted && terminal.isTTY) terminal.write('\r\u001b[2K');
    },
  };
}
