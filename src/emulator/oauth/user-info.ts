import type { Answer } from '../http/answer.ts';
import { jsonAnswer, textAnswer } from '../http/answer.ts';
import type { ApiRequest } from '../http/request.ts';
import { formOf } from '../http/request.ts';
import { bearerToken } from './bearer-token.ts';
import type { OAuthContext } from './oauth-context.ts';
import type { DirectoryUser } from './org-directory.ts';
import { userById } from './org-directory.ts';

/** `/services/oauth2/userinfo`; a bad token is 403 with the text `Bad_OAuth_Token` (UserInfo Endpoint). */
export function userInfo(request: ApiRequest, context: OAuthContext): Answer {
  const user = tokenUser(request, context);
  if ('status' in user) return user;
  const { directory, instanceUrl } = context;
  const id = `${instanceUrl}/id/${directory.orgId}/${user.id}`;
  return jsonAnswer(200, {
    sub: id,
    user_id: user.id,
    organization_id: directory.orgId,
    preferred_username: user.username,
    nickname: nickname(user),
    name: user.name,
    email: user.email,
    email_verified: true,
    given_name: user.firstName,
    family_name: user.lastName,
    zoneinfo: 'GMT',
    photos: { picture: `${instanceUrl}/profilephoto/005/F`, thumbnail: `${instanceUrl}/profilephoto/005/T` },
    profile: `${instanceUrl}/${user.id}`,
    picture: `${instanceUrl}/profilephoto/005/F`,
    address: { country: 'US' },
    urls: urls(instanceUrl, directory.orgId, user.id),
    active: user.active,
    user_type: 'STANDARD',
    language: 'en_US',
    locale: 'en_US',
    utcOffset: 0,
    updated_at: new Date(0).toISOString(),
    is_app_installed: true,
  });
}

/** `/id/ORG/USER` (Identity URLs): 403 Wrong_Org, 404 Bad_Id and Inactive, 406 No_Acceptable_Format. */
export function identity(request: ApiRequest, orgId: string, userId: string, context: OAuthContext): Answer {
  const caller = tokenUser(request, context);
  if ('status' in caller) return caller;
  const { directory, instanceUrl } = context;
  if (orgId.slice(0, 15) !== directory.orgId.slice(0, 15)) return textAnswer(403, 'Wrong_Org');
  const user = userById(directory, userId);
  if (!user) return textAnswer(404, 'Bad_Id');
  if (!user.active) return textAnswer(404, 'Inactive');
  const format = formOf(request).get('format');
  if (format !== null && format !== 'json') return textAnswer(406, 'No_Acceptable_Format');
  return jsonAnswer(200, {
    id: `${instanceUrl}/id/${directory.orgId}/${user.id}`,
    asserted_user: caller.id === user.id,
    user_id: user.id,
    organization_id: directory.orgId,
    username: user.username,
    nick_name: nickname(user),
    display_name: user.name,
    email: user.email,
    email_verified: true,
    first_name: user.firstName,
    last_name: user.lastName,
    timezone: 'GMT',
    photos: { picture: `${instanceUrl}/profilephoto/005/F`, thumbnail: `${instanceUrl}/profilephoto/005/T` },
    addr_street: null,
    addr_city: null,
    addr_state: null,
    addr_country: 'US',
    addr_zip: null,
    mobile_phone: null,
    mobile_phone_verified: false,
    is_lightning_login_user: false,
    status: { created_date: null, body: null },
    urls: urls(instanceUrl, directory.orgId, user.id),
    active: true,
    user_type: 'STANDARD',
    language: 'en_US',
    locale: 'en_US',
    utcOffset: 0,
    last_modified_date: new Date(0).toISOString().replace('Z', '+0000'),
    is_app_installed: true,
  });
}

function tokenUser(request: ApiRequest, { sessions, directory }: OAuthContext): DirectoryUser | Answer {
  const form = formOf(request);
  const token =
    bearerToken(request.headers.authorization) ?? form.get('oauth_token') ?? form.get('access_token');
  if (!token) return textAnswer(403, 'Missing_OAuth_Token');
  const session = sessions.find(token);
  const user = session && userById(directory, session.userId);
  return user ?? textAnswer(403, 'Bad_OAuth_Token');
}

function nickname({ username }: DirectoryUser): string {
  return username.split('@')[0] ?? username;
}

/** `{version}` stays in the URLs: the caller fills it in. */
function urls(base: string, orgId: string, userId: string): Record<string, string> {
  const data = `${base}/services/data/v{version}`;
  return {
    enterprise: `${base}/services/Soap/c/{version}/${orgId.slice(0, 15)}`,
    metadata: `${base}/services/Soap/m/{version}/${orgId.slice(0, 15)}`,
    partner: `${base}/services/Soap/u/{version}/${orgId.slice(0, 15)}`,
    rest: `${data}/`,
    sobjects: `${data}/sobjects/`,
    search: `${data}/search/`,
    query: `${data}/query/`,
    recent: `${data}/recent/`,
    tooling_rest: `${data}/tooling/`,
    tooling_soap: `${base}/services/Soap/T/{version}/${orgId.slice(0, 15)}`,
    profile: `${base}/${userId}`,
    feeds: `${data}/chatter/feeds`,
    groups: `${data}/chatter/groups`,
    users: `${data}/chatter/users`,
    feed_items: `${data}/chatter/feed-items`,
    feed_elements: `${data}/chatter/feed-elements`,
    custom_domain: base,
  };
}
