/** Shown in place of a list when the filters leave nothing of it. Draw it only once that is known. */
import type { ComponentChildren } from 'preact';

type NoneFitsProps = {
  readonly class?: string;
  readonly said: string;
  /** Says what to do. */
  readonly children?: ComponentChildren;
  readonly clear: string;
  /** Null: no filter is in use. */
  readonly onClear: (() => void) | null;
};

export function NoneFits({ said, children, clear, onClear, ...props }: NoneFitsProps) {
  return (
    <div class={props.class ?? 'stack'} role="status">
      <div>
        <p class="strong">{said}</p>
        {children && <p class="quiet">{children}</p>}
      </div>
      {onClear !== null && (
        <p>
          <button type="button" class="button" onClick={onClear}>
            {clear}
          </button>
        </p>
      )}
    </div>
  );
}
