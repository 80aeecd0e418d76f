/** In the status line, once nothing waits: whether the files and the disc may go, and which were not sent. */
import { useState } from 'preact/hooks';
import { Icon } from '../kit/Icon.tsx';
import { kitWords } from '../kit/kit-words.ts';
import { hrefOf } from '../kit/routes.ts';
import { Sheet } from '../kit/Sheet.tsx';
import { useIngest } from '../pipeline/ingest/ingest-context.ts';
import { Path } from '../pipeline/ingest/RejectedFiles.tsx';
import { useQueue } from '../pipeline/queue/queue-context.ts';
import { nameOf } from '../pipeline/queue/study-title.ts';
import { provenInPacs, type Proven } from './proven.ts';
import { provenWords } from './proven-words.ts';

export function ProvenNote() {
  const { sentFromHere, studies, rejected } = useIngest();
  const [isOpen, setOpen] = useState(false);
  const onPage = { found: studies.value.length, refused: rejected.value.length };
  const proven = provenInPacs(sentFromHere.value, useQueue().studies.value, onPage);
  if (proven === null) return null;
  return (
    <>
      <p class="status-item status-disc small">
        <Icon name="disc" size={20} />
        <span>{provenWords.mayGo(proven)}</span>
        {proven.except > 0 && (
          <button type="button" class="status-which" aria-haspopup="dialog" onClick={() => setOpen(true)}>
            {provenWords.which(proven.except)}
          </button>
        )}
      </p>
      {isOpen && (
        <NotSent
          proven={proven}
          paths={rejected.value.map(({ path }) => path)}
          onClose={() => setOpen(false)}
        />
      )}
    </>
  );
}

/** The most lines that a person reads; a folder of thousands is counted. */
const MOST = 200;

type NotSentProps = {
  readonly proven: Proven;
  /** Of the files on the page that cannot be sent. */
  readonly paths: readonly string[];
  readonly onClose: () => void;
};

function NotSent({ proven: { except, leftOut, left }, paths, onClose }: NotSentProps) {
  const files = [...left, ...paths.map((path) => ({ path, files: 1 }))];
  return (
    <Sheet title={provenWords.title(except)} onClose={onClose}>
      <p class="sheet-text">{provenWords.what}</p>
      <ul class="not-sent">
        {leftOut.map((study) => (
          <li key={study.id}>
            <a href={hrefOf({ page: 'study', id: study.id })} onClick={onClose}>
              <bdi>{provenWords.ofStudy(study.track.leftOut, nameOf(study))}</bdi>
            </a>
          </li>
        ))}
        {files.slice(0, MOST).map((file) => (
          <li key={file.path}>
            <Path path={file.path} />
            {file.files > 1 && <p class="small quiet">{provenWords.more(file.files - 1)}</p>}
          </li>
        ))}
      </ul>
      {files.length > MOST && <p class="small">{provenWords.others(files.length - MOST)}</p>}
      <div class="sheet-actions">
        <button type="button" class="button" onClick={onClose}>
          {kitWords.close}
        </button>
      </div>
    </Sheet>
  );
}
