// Has a bot call the client's functions: `functions.mjs ORIGIN SECRET` prints what the Node client heard. The bot's model
// calls `weather` first and answers when it has been told the result.

import { ChatBotKit } from '@chatbotkit/sdk'

const [, , origin, secret] = process.argv
const client = new ChatBotKit({ secret, baseUrl: origin })
const weather = {
  name: 'weather',
  description: 'Tells the weather',
  parameters: { type: 'object', properties: { city: { type: 'string' } } },
}
const request = (result) => ({
  botId: 'caller',
  messages: [{ type: 'user', text: 'Is it raining in Fredville?' }],
  functions: [result ? { ...weather, result } : weather],
})

const heard = []
let text = ''
const channel = 'the-channel-of-the-node-client'
for await (const event of client.conversation.complete(null, request({ channel })).stream()) {
  heard.push(event.type)
  if (event.type === 'waitForChannelMessageBegin') {
    await client.channel.publish(event.data.channel, { message: { data: `Rain in ${event.data.function.args.city}.` } })
  }
  if (event.type === 'result') text = event.data.text
}
const { end, functions } = await client.conversation.complete(null, request())
console.log(JSON.stringify({ heard, text, aborted: end.reason, name: functions[0].name, args: functions[0].args }))
