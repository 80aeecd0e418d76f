/** The position in a row of pictures, between the buttons to the previous and the next one. */
import { Icon } from '../../../kit/Icon.tsx';

type StepsProps = {
  /** Counted from 0. */
  readonly at: number;
  readonly count: number;
  readonly says: string;
  readonly labels: readonly [previous: string, next: string];
  readonly onStep: (at: number) => void;
};

export function Steps({ at, count, says, labels: [previous, next], onStep }: StepsProps) {
  return (
    <div class="steps">
      {/* Not disabled, because the focus would be lost at the last step. */}
      <button
        type="button"
        class="button"
        aria-label={previous}
        aria-disabled={at === 0}
        onClick={() => at > 0 && onStep(at - 1)}
      >
        <span class="flipped">
          <Icon name="chevron" size={20} turns />
        </span>
      </button>
      <p class="steps-place numbers" aria-live="polite">
        {says}
      </p>
      <button
        type="button"
        class="button"
        aria-label={next}
        aria-disabled={at >= count - 1}
        onClick={() => at < count - 1 && onStep(at + 1)}
      >
        <Icon name="chevron" size={20} turns />
      </button>
    </div>
  );
}
