/**
 * The sheet of a page that is drawn only while the page is printed. It may change meanwhile: its code may be drawn
 * after the printing has begun.
 */

export type Paper<Sheet> = {
  /** Draws it at once if the page is being printed. */
  put(sheet: Sheet): void;
  /** Draws nothing from then on. */
  close(): void;
};

/** `draw` null: nothing. It draws synchronously, because the printer does not wait. */
export function createPaper<Sheet>(page: EventTarget, draw: (sheet: Sheet | null) => void): Paper<Sheet> {
  const open = new AbortController();
  let put: Sheet | null = null;
  let isPrinting = false;
  const show = () => draw(isPrinting ? put : null);
  for (const event of ['beforeprint', 'afterprint'])
    page.addEventListener(
      event,
      () => {
        isPrinting = event === 'beforeprint';
        show();
      },
      { signal: open.signal },
    );
  return {
    put(sheet) {
      put = sheet;
      if (isPrinting) show();
    },
    close() {
      open.abort();
      draw(null);
    },
  };
}
