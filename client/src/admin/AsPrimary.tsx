/** In the form of a new destination: whether it becomes the primary one, so that nobody looks for it afterwards. */
import type { Signal } from '@preact/signals';
import { useId } from 'preact/hooks';
import { Notice } from '../kit/Notice.tsx';
import { destinationWords } from './destination-words.ts';

const words = destinationWords.form;

type AsPrimaryProps = {
  readonly isPrimary: Signal<boolean>;
  readonly isFirst: boolean;
  /** Ticked from the start. */
  readonly isProposed: boolean;
};

export function AsPrimary({ isPrimary, isFirst, isProposed }: AsPrimaryProps) {
  const hint = useId();
  if (isFirst)
    return (
      <Notice kind="wait" title={words.first}>
        <p>{destinationWords.primaryMeans}</p>
      </Notice>
    );
  return (
    <div class="stack-tight">
      <label class="choice">
        <input
          type="checkbox"
          class="tick"
          name="primary"
          checked={isPrimary.value}
          aria-describedby={hint}
          onChange={({ currentTarget: { checked } }) => (isPrimary.value = checked)}
        />
        <span>{words.primary}</span>
      </label>
      <p id={hint} class="small quiet">
        {isProposed && <>{words.primaryProposed} </>}
        {words.primaryWhat}
      </p>
    </div>
  );
}
