/** Every operation of the API. Fixed parts of a path stand before parameters that would take them. */
import { gatewayRoutes } from './gateway.ts';
import { messageRoutes } from './messages.ts';
import type { Route } from './route.ts';
import { userRoutes } from './users.ts';

export const ROUTES: readonly Route[] = [...gatewayRoutes, ...userRoutes, ...messageRoutes];
