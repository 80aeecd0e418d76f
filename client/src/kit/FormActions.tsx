/** The end of a form in a sheet: leave it, or send it. */
import { kitWords } from './kit-words.ts';

export type FormActionsProps = {
  readonly submit: string;
  /** Instead of `submit`, while the answer is waited for. */
  readonly submitting: string;
  readonly isBusy: boolean;
  /** False while the form cannot be sent yet. */
  readonly isReady?: boolean;
  readonly onCancel: () => void;
};

export function FormActions({ submit, submitting, isBusy, isReady = true, onCancel }: FormActionsProps) {
  return (
    <div class="sheet-actions">
      <button type="button" class="button" onClick={onCancel}>
        {kitWords.cancel}
      </button>
      <button type="submit" class="button button-main" disabled={isBusy || !isReady}>
        {isBusy ? submitting : submit}
      </button>
    </div>
  );
}
