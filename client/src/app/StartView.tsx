/** The first page of people who do not send studies: what their roles may do here, with links. */
import type { Role } from '#shared/protocol/api.ts';
import { Icon } from '../kit/Icon.tsx';
import { kitWords } from '../kit/kit-words.ts';
import { hrefOf, type Route } from '../kit/routes.ts';
import { useSession } from '../net/net-context.ts';
import { startWords as words, type StartTask } from './start-words.ts';
import './start.css';

const TASKS: readonly StartTask[] = [
  'audit',
  'upload',
  'studies',
  'results',
  'cases',
  'analytics',
  'infer',
  'models',
  'receipts',
];
const MAY: Record<StartTask, readonly Role[]> = {
  upload: ['technician', 'radiologist', 'researcher', 'admin'],
  studies: ['auditor'],
  results: ['technician', 'radiologist', 'researcher', 'auditor', 'admin'],
  cases: ['technician', 'radiologist', 'researcher', 'admin'],
  analytics: ['radiologist', 'researcher', 'auditor', 'admin'],
  infer: ['technician', 'radiologist', 'researcher', 'admin'],
  models: ['technician', 'radiologist', 'researcher', 'auditor', 'admin'],
  receipts: ['technician', 'radiologist', 'researcher', 'auditor', 'admin'],
  audit: ['auditor', 'admin'],
};
const PLACES: Record<StartTask, Exclude<Route, { page: 'not-found' }>> = {
  audit: { page: 'audit', query: '' },
  upload: { page: 'upload' },
  studies: { page: 'studies' },
  results: { page: 'results', at: 'results', id: '', beside: '' },
  cases: { page: 'cases', id: '', query: '' },
  analytics: { page: 'analytics', id: '', query: '' },
  infer: { page: 'results', at: 'infer', id: '', beside: '' },
  models: { page: 'results', at: 'models', id: '', beside: '' },
  receipts: { page: 'check' },
};

export function StartView() {
  const roles = useSession().user.value?.roles ?? [];
  const tasks = TASKS.filter((task) => MAY[task].some((role) => roles.includes(role)));
  return (
    <main id="content" class="page stack">
      <h1 tabIndex={-1}>{words.title}</h1>
      <p class="quiet">{words.signedInAs(roles.map((role) => kitWords.roles[role]).join(', '))}</p>
      <ul class="start-tasks">
        {tasks.map((task) => (
          <li key={task} class="hairline">
            <Task task={task} isResearcher={roles.includes('researcher')} />
          </li>
        ))}
      </ul>
    </main>
  );
}

function Task({ task, isResearcher }: { readonly task: StartTask; readonly isResearcher: boolean }) {
  const { title, what } = words.tasks[task];
  const about = task === 'results' && isResearcher ? words.resultsOfResearcher : what;
  return (
    <a class="start-task start-link" href={hrefOf(PLACES[task])}>
      <span>
        <span class="strong">{title}</span>
        <span class="quiet">{about}</span>
      </span>
      <Icon name="chevron" size={20} turns />
    </a>
  );
}
