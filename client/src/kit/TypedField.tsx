/**
 * The field of a text that may hold a name. While names are hidden, the text from before waits to be asked for, and
 * stays as it is; new words are seen while they are typed.
 */
import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { namesHidden, typedSaid } from './identities.ts';
import { kitWords } from './kit-words.ts';

export type TypedFieldProps = {
  readonly title: string;
  readonly text: string;
  /** The field itself, with its label. */
  readonly children: ComponentChildren;
};

export function TypedField({ title, text, children }: TypedFieldProps) {
  const [isAsked, setAsked] = useState(text === '');
  const place = useRef<HTMLDivElement>(null);
  const isHidden = namesHidden.value && !isAsked;
  const before = useRef(isHidden);
  // The pressed button is gone: the field has the focus then.
  useLayoutEffect(() => {
    if (before.current && !isHidden && isAsked)
      place.current?.querySelector<HTMLElement>('input, textarea')?.focus({ preventScroll: true });
    before.current = isHidden;
  }, [isHidden]);
  if (!isHidden)
    return (
      <div ref={place} class="typed-field">
        {children}
      </div>
    );
  return (
    <div class="field">
      <span>{title}</span>
      <p class="row small quiet">
        {typedSaid(text)}
        <button
          type="button"
          class="button button-bare"
          aria-label={kitWords.showTextOf(title)}
          onClick={() => setAsked(true)}
        >
          {kitWords.showText}
        </button>
      </p>
    </div>
  );
}
