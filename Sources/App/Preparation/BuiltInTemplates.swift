/// The image's templates, for a machine that has no image. The text is that of image-files/config, which a test compares.
enum BuiltInTemplates {
  static let ini =
    #"""
    # IBC's configuration, for IBC 3.24. A variable of the container stands in braces after a dollar sign; its value is escaped
    # for Java's Properties reader, so a password arrives as it was typed. A key without a value leaves the choice to IBC, or
    # leaves the program's own setting as it is. Every key is described in the user guide that comes with IBC.
    #
    # To set more than the variables offer, mount a template of your own over this file, or bring a finished config.ini with
    # CUSTOM_CONFIG=yes.


    # Login ----------------------------------------------------------------------------------------------------------------

    # yes runs the FIX CTCI gateway, with its own user name and password.
    FIX=no
    FIXLoginId=
    FIXPassword=

    # TWS_USERID and TWS_PASSWORD, or with both modes TWS_USERID_PAPER and TWS_PASSWORD_PAPER for the paper account. Without
    # them the login window waits for a person.
    IbLoginId=${TWS_USERID}
    IbPassword=${TWS_PASSWORD}

    # live or paper
    TradingMode=${TRADING_MODE}

    # A paper account says at each login that it is no brokerage account, and takes no API connection until that is accepted.
    AcceptNonBrokerageAccountWarning=yes

    # yes skips the second factor where IBKR allows it, for a session that cannot trade.
    ReadOnlyLogin=no

    # Seconds until IBC starts the program again because no login window has appeared.
    LoginDialogDisplayTimeout=60


    # Second factor --------------------------------------------------------------------------------------------------------

    # The device to choose where there is more than one, spelled as the login window lists it.
    SecondFactorDevice=${TWOFA_DEVICE}

    # Seconds that IBKR gives for the second factor. Change it only if IBKR does.
    SecondFactorAuthenticationTimeout=180

    # Whether the login begins again by itself when these have passed: each time is another push to the phone.
    ReloginAfterSecondFactorAuthenticationTimeout=${RELOGIN_AFTER_TWOFA_TIMEOUT}

    # Seconds for the login to complete once the second factor was acknowledged. IBC ends when they have passed.
    SecondFactorAuthenticationExitInterval=${TWOFA_EXIT_INTERVAL}


    # Sessions -------------------------------------------------------------------------------------------------------------

    # What happens when the account is logged in elsewhere: primary, primaryoverride, secondary or manual.
    ExistingSessionDetectedAction=${EXISTING_SESSION_DETECTED_ACTION}

    # Daily end with a restart that keeps the session, or without one, as hh:mm AM or hh:mm PM. IBC knows only one of them, and
    # takes the restart where both are set.
    AutoRestartTime=${AUTO_RESTART_TIME}
    AutoLogoffTime=${AUTO_LOGOFF_TIME}

    # Restart with a full login on Sundays, as hh:mm. The weekly tokens end at 01:00 in New York, so it has to be later.
    ColdRestartTime=${TWS_COLD_RESTART}

    # Tidy end without a restart, as hh:mm or with a day, as in Friday 22:00.
    ClosedownAt=

    # When the program saves its settings: hh:mm hh:mm, or Every 30 mins 08:00 17:30.
    SaveTwsSettingsAt=${SAVE_TWS_SETTINGS}

    # TWS only: whether settings are stored on IBKR's servers too.
    StoreSettingsOnServer=

    # TWS only.
    MinimizeMainWindow=no


    # API ------------------------------------------------------------------------------------------------------------------

    # Whether API clients are kept from placing, changing and cancelling orders.
    ReadOnlyApi=${READ_ONLY_API}

    # What happens when the program asks whether to accept an API connection: accept, reject or manual. Clients that come
    # through the relay come from 127.0.0.1, and are trusted without a question.
    AcceptIncomingConnectionAction=${TWS_ACCEPT_INCOMING}

    # The client that sees the orders of all clients.
    OverrideTwsMasterClientID=${TWS_MASTER_CLIENT_ID}

    # The API's port. Leave it: the relay and the health checks expect the program's own default.
    OverrideTwsApiPort=

    # Only for FIX: more addresses than 127.0.0.1 that are trusted.
    TrustedTwsApiClientIPs=

    # Whether order ids begin at 1 again with each start, and what happens when the program asks about it, as
    # confirm/reject/ignore for the start and after a slash for the button.
    ResetOrderIdsAtStart=
    ConfirmOrderIdReset=

    # The precautions of the API's configuration: yes bypasses them, no keeps them, nothing leaves them as they are.
    BypassOrderPrecautions=${BYPASS_WARNING}
    BypassBondWarning=${BYPASS_WARNING}
    BypassNegativeYieldToWorstConfirmation=${BYPASS_WARNING}
    BypassCalledBondWarning=${BYPASS_WARNING}
    BypassSameActionPairTradeWarning=${BYPASS_WARNING}
    BypassPriceBasedVolatilityRiskWarning=${BYPASS_WARNING}
    BypassUSStocksMarketDataInSharesWarning=${BYPASS_WARNING}
    BypassRedirectOrderWarning=${BYPASS_WARNING}
    BypassNoOverfillProtectionPrecaution=${BYPASS_WARNING}


    # Dialogs that would wait for a person ---------------------------------------------------------------------------------

    # Orders for contracts without a market data subscription: yes confirms them.
    AllowBlindTrading=${ALLOW_BLIND_TRADING}

    # Sizes of US stocks in shares: accept for good, defer until the next login, or ignore.
    AcceptBidAskLastSizeDisplayUpdateNotification=accept
    SendMarketDataInLotsForUSstocks=

    # Orders for crypto currencies: transmit, cancel or manual.
    ConfirmCryptoCurrencyOrders=transmit

    # Indian accounts only.
    DismissPasswordExpiryWarning=no
    DismissNSEComplianceNotice=yes


    # IBC's command server -------------------------------------------------------------------------------------------------

    # The supervisor ends the gateway through it in order. 0 is off. An empty address would be all of them; this one no tailnet reaches.
    CommandServerPort=${IBC_COMMAND_PORT}
    BindAddress=${IBC_COMMAND_ADDRESS}
    ControlFrom=${IBC_COMMAND_ADDRESS}
    CommandPrompt=
    SuppressInfoMessages=yes


    # Diagnosis ------------------------------------------------------------------------------------------------------------

    # Which windows are described in the log, and when: known, unknown, untitled or all; open, openclose, activate or never.
    LogStructureScope=known
    LogStructureWhen=never

    IncludeStackTraceForExceptions=no

    """#

  static let jts =
    #"""
    [IBGateway]
    WriteDebug=false
    TrustedIPs=127.0.0.1
    ApiOnly=true

    [Logon]
    Locale=en
    TimeZone=${TIME_ZONE}
    displayedproxymsg=1
    UseSSL=true
    s3store=true

    [Communication]

    """#

  static let caddyfile =
    #"""
    {
    	# Plain HTTP on the one port below: no certificates, no second listener, nothing put into the system's trust store.
    	auto_https off
    	skip_install_trust

    	# Off, or a unix socket in the run directory with CADDY_ADMIN_DISABLED=false.
    	admin "${CADDY_ADMIN}"

    	# Without it an open stream would keep Caddy from ending.
    	grace_period 2s

    	log {
    		level ${CADDY_LOG_LEVEL}
    	}

    	# A client that dawdles must not hold its connection for ever.
    	servers {
    		timeouts {
    			read_header 10s
    			read_body 10s
    			write 30s
    			idle 2m
    		}
    	}
    }

    # What the health site answers. Everything else is a 404, so that a mistyped path can never look healthy.
    (health) {
    	bind ${HEALTH_BIND}

    	# The access log, beside those of the API's relay.
    	log {
    		${CADDY_HTTP_LOG}
    	}

    	@known path /health /ready /metrics /api/v1/status
    	handle @known {
    		reverse_proxy "${WEB_SOCKET}" {
    			# ibgw web answers within 2 s, if only to say what does not.
    			transport http {
    				dial_timeout 2s
    				response_header_timeout 5s
    			}
    		}
    	}

    	handle {
    		respond 404
    	}

    	# Nobody answers behind it: that is a failed check too, and says so in the same form.
    	handle_errors {
    		header Content-Type application/json
    		respond `{"causes":[{"about":"web","state":"unreachable","why":"Caddy got no answer from ibgw web; the log says why"}],"ok":false}` 503
    	}
    }

    # The site itself: port 2019 whatever name a client calls it by, or nothing with ENABLE_HEALTH_CHECK=no.
    ${CADDY_HEALTH_SITE}

    """#
}
