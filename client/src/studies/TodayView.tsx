/** The studies on this device, on the upload page: what waits, and what arrived today. */
import { useMemo, useState } from 'preact/hooks';
import { hrefOf } from '../kit/routes.ts';
import { useQueue } from '../pipeline/queue/queue-context.ts';
import { createEntries } from './day-entry.ts';
import { Name, StudyFacts, WhereItIs } from './DayRow.tsx';
import { shownToday } from './shown-today.ts';
import { studiesWords } from './studies-words.ts';
import './studies.css';

const words = studiesWords.today;
const ROWS = 8;

export function TodayView() {
  const queue = useQueue();
  const [entriesOf] = useState(createEntries);
  const studies = queue.studies.value;
  const link = queue.link.value;
  const shown = useMemo(() => {
    const now = new Date();
    return shownToday(entriesOf({ studies, sent: [], link, device: null }, now), now);
  }, [studies, link]);
  if (shown.length === 0) return null;
  return (
    <section class="stack-tight" aria-label={words.title}>
      <div class="row row-apart">
        <h2>{words.title}</h2>
        <a class="button button-bare" href={hrefOf({ page: 'studies' })}>
          {shown.length > ROWS ? words.all(shown.length) : words.list}
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
