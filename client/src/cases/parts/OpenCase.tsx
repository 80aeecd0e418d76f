/** *Create case*, on the page of a study or a result, for people who may keep cases. */
import { useState } from 'preact/hooks';
import { deferred } from '../../kit/deferred.tsx';
import { useSession } from '../../net/net-context.ts';
import { openCaseWords } from './open-case-words.ts';
import type { NewCaseSheetProps } from './CaseForm.tsx';

const NewCaseSheet = deferred<NewCaseSheetProps>(
  () => import('./CaseForm.tsx').then((view) => view.NewCaseSheet),
  () => null,
);

export function OpenCase({ studyInstanceUID }: { readonly studyInstanceUID: string }) {
  const roles = useSession().user.value?.roles ?? [];
  const [isOpen, setOpen] = useState(false);
  // The roles are written out, so that the page of a study does not load code of the pages of cases.
  if (!roles.includes('radiologist') && !roles.includes('admin')) return null;
  return (
    <>
      <button type="button" class="button" aria-haspopup="dialog" onClick={() => setOpen(true)}>
        {openCaseWords.create}
      </button>
      {isOpen && <NewCaseSheet studyInstanceUID={studyInstanceUID} onClose={() => setOpen(false)} />}
    </>
  );
}
