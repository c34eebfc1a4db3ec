/**
 * Why Salesforce said no, which tells who can do something about it. `passing`: it may say yes in a moment.
 * `limit`: a limit is used up and frees itself later. `login`: a person logs in again. `admin`: the org's
 * administrator changes something. `app`: the registration of the client app is wrong or missing. `clock`: a clock
 * is wrong. `record`: the record itself, or what was asked; the same request is refused again.
 */
export type RefusalKind = 'passing' | 'limit' | 'login' | 'admin' | 'app' | 'clock' | 'record';
