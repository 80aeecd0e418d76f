/**
 * A field whose text may contain a name. While names are hidden, existing text is shown only on request, and stays
 * unchanged as part of its form. New text is visible while it is typed.
 */
import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { namesHidden } from './identities.ts';
import { kitWords } from './kit-words.ts';

type TypedFieldProps = {
  readonly title: string;
  /** The field itself, with its label. */
  readonly children: ComponentChildren;
};

export function TypedField({ title, children }: TypedFieldProps) {
  const { place, isHidden, show } = useHiddenText();
  return (
    <>
      <div ref={place} class="typed-field" hidden={isHidden}>
        {children}
      </div>
      {isHidden && (
        <div class="field">
          <span>{title}</span>
          <p class="row small quiet">
            {kitWords.textHidden}
            <button
              type="button"
              class="button button-bare"
              aria-label={kitWords.showTextOf(title)}
              onClick={show}
            >
              {kitWords.showText}
            </button>
          </p>
        </div>
      )}
    </>
  );
}

function useHiddenText() {
  const place = useRef<HTMLDivElement>(null);
  const [isHidden, setHidden] = useState(false);
  const areHidden = namesHidden.value;
  const wereHidden = useRef(false);
  const isAsked = useRef(false);
  useLayoutEffect(() => {
    const field = place.current?.querySelector<HTMLInputElement | HTMLTextAreaElement>('input, textarea');
    const isEmpty = !field || field.value === '';
    if (areHidden && !wereHidden.current && !isEmpty) setHidden(true);
    else if (isHidden && (!areHidden || isEmpty)) setHidden(false);
    wereHidden.current = areHidden;
    // The pressed button is gone, so the field gets the focus.
    if (isAsked.current && !isHidden) field?.focus({ preventScroll: true });
    isAsked.current = false;
  });
  const show = () => {
    isAsked.current = true;
    setHidden(false);
  };
  return { place, isHidden, show };
}
