/** Saves the list of cases as a CSV file on this device. A file with titles needs a second confirmation. */
import { useSignal } from '@preact/signals';
import { useState } from 'preact/hooks';
import { openAttempt } from '../kit/open-attempt.ts';
import { troubleOf } from '../net/trouble-of.ts';
import { Confirm } from '../kit/Sheet.tsx';
import { useApi } from '../net/net-context.ts';
import { queryOf, type CaseFilters } from './parts/case-filters.ts';
import { TroubleAlert } from '../kit/TroubleAlert.tsx';
import { csvWords as words } from './case-csv-words.ts';
import { saveFile } from '../net/save-file.ts';

export type SaveCasesProps = {
  readonly filters: CaseFilters;
  /** The filters restrict the list, so the file contains only those cases. */
  readonly isListed: boolean;
  readonly isAnonymous: boolean;
  /** The file contains titles. */
  readonly isNamed: boolean;
};

export function SaveCases({ filters, isListed, isAnonymous, isNamed }: SaveCasesProps) {
  const api = useApi();
  const isAsking = useSignal(false);
  const [{ isBusy, trouble, tried }] = useState(() => openAttempt(troubleOf));
  const save = () => {
    const query = queryOf(filters, { now: new Date(), cursor: null, isAnonymous });
    return tried(() => saveFile(api, `/cases?${query}&format=csv`, words.fileName));
  };
  return (
    <>
      <button
        type="button"
        class="button"
        disabled={isBusy.value || !isListed}
        onClick={() => {
          if (isNamed) isAsking.value = true;
          else void save();
        }}
      >
        {isBusy.value ? words.saving : words.save}
      </button>
      {isAsking.value && (
        <Confirm {...words.saveAsk} onYes={() => void save()} onClose={() => (isAsking.value = false)} />
      )}
      <TroubleAlert trouble={trouble.value} />
    </>
  );
}
