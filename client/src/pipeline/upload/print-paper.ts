/**
 * A sheet that is rendered only while its page is printed. It may change during printing: its code may be drawn after
 * printing has begun.
 */

export type Paper<Sheet> = {
  /** Sets the sheet, and renders it at once if the page is being printed. */
  put(sheet: Sheet): void;
  /** Stops rendering. */
  close(): void;
};

/** `draw`: null renders nothing. It renders synchronously, because the printer does not wait. */
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
