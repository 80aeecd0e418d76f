/**
 * A dialog over the page: the browser's own `<dialog>`, which keeps the focus inside, closes with Escape and returns
 * the focus. It opens as soon as it enters the page, so that no key is missed; `onClose` must remove it. A press
 * outside closes it, unless the press began inside, the sheet is busy, or it contains typed text.
 */
import type { ComponentChildren } from 'preact';
import { useId, useLayoutEffect, useRef } from 'preact/hooks';
import { kitWords } from './kit-words.ts';
import { SETTLING_MS, useSettling } from './use-settling.ts';

type SheetProps = {
  readonly title: string;
  /** For a sheet that opens by itself: the id of the element that a screen reader reads after the title. */
  readonly says?: string;
  /** For a form with fields side by side, or a table. */
  readonly isWide?: boolean | undefined;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
};

const TYPED = 'textarea, input:not([type=radio], [type=checkbox], [type=range], [type=file])';

export function Sheet({ title, says, isWide = false, onClose, children }: SheetProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  const changedAt = useRef(0);
  const typed = useRef(new Set<HTMLInputElement>());
  useLayoutEffect(() => {
    const opened = dialog.current!;
    const note = () => (changedAt.current = performance.now());
    opened.showModal();
    note();
    const sizes = new ResizeObserver(note);
    sizes.observe(opened);
    return () => {
      sizes.disconnect();
      opened.close();
    };
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: a click outside closes the dialog; Escape does it from the keyboard
    <dialog
      ref={dialog}
      class={isWide ? 'sheet sheet-wide' : 'sheet'}
      role={says ? 'alertdialog' : undefined}
      aria-labelledby={heading}
      aria-describedby={says}
      onClose={onClose}
      onInput={({ target }) => {
        const field = target as HTMLInputElement;
        if (field.matches(TYPED)) typed.current.add(field);
      }}
      onClick={(event) => {
        const opened = event.currentTarget;
        if (event.target !== opened || !isOutside(opened, event)) return;
        // The second press of a double press on the button that opened or shrank the sheet must not close it.
        const isNew = event.timeStamp < changedAt.current + SETTLING_MS;
        const isBusy = opened.querySelector('[type=submit]:disabled');
        const holds = [...typed.current].some(({ isConnected, value }) => isConnected && value);
        if (!isNew && !isBusy && !holds) opened.close();
      }}
    >
      <h2 id={heading}>{title}</h2>
      {children}
    </dialog>
  );
}

/**
 * A click on the backdrop is dispatched to the dialog itself. So is a click on its padding, which must not close it.
 */
function isOutside(dialog: HTMLDialogElement, event: MouseEvent): boolean {
  const box = dialog.getBoundingClientRect();
  return (
    event.clientX < box.left ||
    event.clientX > box.right ||
    event.clientY < box.top ||
    event.clientY > box.bottom
  );
}

type ConfirmProps = {
  readonly title: string;
  /** The study in question, because the sheet covers its row. */
  readonly about?: string;
  /** The consequences: what will be lost, and what will not. */
  readonly what: string;
  readonly yes: string;
  readonly no?: string;
  readonly destructive?: boolean;
  readonly onYes: () => void;
  readonly onClose: () => void;
};

/** Asks for confirmation before something is lost. The safe answer has the focus. */
export function Confirm({
  title,
  about,
  what,
  yes,
  no = kitWords.cancel,
  destructive = false,
  onYes,
  onClose,
}: ConfirmProps) {
  const settling = useSettling<HTMLDivElement>(title);
  const answer = () => {
    onClose();
    onYes();
  };
  return (
    <Sheet title={title} onClose={onClose}>
      {about && (
        <p class="strong kept">
          <bdi>{about}</bdi>
        </p>
      )}
      <p class="sheet-text">{what}</p>
      <div ref={settling} class="sheet-actions">
        <button type="button" class="button" autofocus onClick={onClose}>
          {no}
        </button>
        <button
          type="button"
          class={destructive ? 'button button-stop' : 'button button-main'}
          onClick={answer}
        >
          {yes}
        </button>
      </div>
    </Sheet>
  );
}
