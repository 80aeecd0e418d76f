/** The studies on this device, on the upload page: what waits, and what arrived today. */
import { useMemo, useState } from 'preact/hooks';
import { namesHidden } from '../kit/identities.ts';
import { hrefOf } from '../kit/routes.ts';
import { useQueue } from '../pipeline/queue/queue-context.ts';
import type { Wholes } from './count-sends.ts';
import { createEntries } from './day-entry.ts';
import { Name, StudyFacts, WhereItIs } from './DayRow.tsx';
import { createJoin } from './join-sends.ts';
import { shownToday } from './shown-today.ts';
import { studiesWords } from './studies-words.ts';
import './studies.css';

const words = studiesWords.today;
const ROWS = 8;
/** Only the page of studies counts the sends of a study together. */
const NO_WHOLES: Wholes = new Map();

export function TodayView() {
  const queue = useQueue();
  const [entriesOf] = useState(createEntries);
  const [join] = useState(createJoin);
  const studies = queue.studies.value;
  const link = queue.link.value;
  const now = new Date();
  const shown = useMemo(
    () => shownToday(join(entriesOf({ studies, sent: [], link, device: null }, now), NO_WHOLES), now),
    [studies, link, now.toDateString(), namesHidden.value],
  );
  if (shown.length === 0) return null;
  return (
    <section class="stack-tight" aria-label={words.title}>
      <div class="row row-apart">
        <h2>{words.title}</h2>
        <a class="button button-bare" href={hrefOf({ page: 'studies' })}>
          {words.list}
        </a>
      </div>
      <ol class="plain" aria-label={words.title}>
        {shown.slice(0, ROWS).map((entry) => (
          <li key={entry.key} class="today-row" data-part={entry.part}>
            <div class="study-line">
              <Name entry={entry} />
              <StudyFacts entry={entry} />
              <WhereItIs entry={entry} />
            </div>
          </li>
        ))}
      </ol>
    </section>
  );
}
