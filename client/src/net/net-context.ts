/** The session, the gateway's API and the tasks to finish before signing out, for views. */
import { provided } from '../kit/provided.ts';
import type { ApiClient } from './api-client.ts';
import type { SessionStore } from './session.ts';
import type { SignOutTasks } from './sign-out-tasks.ts';

export const [ProvideSession, useSession] = provided<SessionStore>('session');
export const [ProvideApi, useApi] = provided<ApiClient>('API client');
export const [ProvideSignOutTasks, useSignOutTasks] = provided<SignOutTasks>('sign-out tasks');
