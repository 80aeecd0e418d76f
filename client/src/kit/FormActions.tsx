/** The end of a form in a sheet: leave it, or send it. */
import { kitWords } from './kit-words.ts';

export type FormActionsProps = {
  readonly submit: string;
  /** Instead of `submit`, while the answer is waited for. */
  readonly submitting: string;
  readonly isBusy: boolean;
  readonly onCancel: () => void;
};

export function FormActions({ submit, submitting, isBusy, onCancel }: FormActionsProps) {
  return (
    <div class="sheet-actions">
      <button type="button" class="button" onClick={onCancel}>
        {kitWords.cancel}
      </button>
      <button type="submit" class="button button-main" disabled={isBusy}>
        {isBusy ? submitting : submit}
      </button>
    </div>
  );
}
